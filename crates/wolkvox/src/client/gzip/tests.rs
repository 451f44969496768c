use std::io::Write as _;

use flate2::Crc;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// What comes of bytes that arrive in chunks of this size, and whether they may end there.
fn unpacked(bytes: &[u8], size: usize) -> Result<(Vec<u8>, bool), NotGzip> {
    let mut gunzip = Gunzip::new();
    let mut body = Vec::new();
    for mut chunk in bytes.chunks(size) {
        while !chunk.is_empty() || gunzip.has_more() {
            let (used, length) = gunzip.unpack(chunk)?;
            body.extend_from_slice(gunzip.piece(length));
            chunk = &chunk[used..];
        }
    }
    Ok((body, gunzip.is_whole()))
}

proptest! {
    #[test]
    fn members_one_after_the_other_are_one_body_however_they_arrive(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4),
        zeros in 0usize..20,
        size in 1usize..400,
    ) {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| packed(part)).collect();
        bytes.resize(bytes.len() + zeros, 0);
        prop_assert_eq!(unpacked(&bytes, size), Ok((parts.concat(), true)));
    }

    #[test]
    fn any_bytes_are_gzip_or_not_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let _ = unpacked(&[&MAGIC[..], &bytes].concat(), size);
    }

    #[test]
    fn cut_anywhere_it_is_not_whole(body in prop::collection::vec(any::<u8>(), 0..300), cut: prop::sample::Index) {
        let bytes = packed(&body);
        let length = 1 + cut.index(bytes.len() - 1);
        let (_, is_whole) = unpacked(&bytes[..length], 7).unwrap();
        prop_assert!(!is_whole);
    }
}

#[test]
fn more_than_a_piece_is_unpacked_piece_by_piece() {
    let body = vec![b'a'; 10 * PIECE + 3];
    assert_eq!(unpacked(&packed(&body), usize::MAX), Ok((body, true)));
}

#[test]
fn nothing_is_an_empty_body() {
    assert!(Gunzip::new().is_whole());
}

#[test]
fn a_header_may_have_all_its_parts_and_their_checksum() {
    let builder = GzBuilder::new()
        .extra(vec![7; 300])
        .filename("a")
        .comment("b")
        .mtime(1);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(b"body").unwrap();
    let mut bytes = encoder.finish().unwrap();
    assert_eq!(unpacked(&bytes, 5), Ok((b"body".to_vec(), true)));
    // The writer has no checksum of the header: it is put in.
    let end = FIXED + 2 + 300 + 2 + 2;
    bytes[FLAGS] |= HAS_CHECK;
    let mut checksum = Crc::new();
    checksum.update(&bytes[..end]);
    let sum = checksum.sum().to_le_bytes();
    bytes.splice(end..end, [sum[0], sum[1]]);
    assert_eq!(unpacked(&bytes, 5), Ok((b"body".to_vec(), true)));
    bytes[FIXED + 3] ^= 1;
    assert_eq!(unpacked(&bytes, 5), Err(NotGzip::Checksum));
}

#[test]
fn what_is_no_gzip_is_told() {
    let good = packed(b"body");
    let behind = |more: &[u8]| [&good, more].concat();
    for (bytes, error) in [
        (b"{\"code\":200}".to_vec(), NotGzip::Header),
        (behind(b"<html>"), NotGzip::Behind),
        (behind(&[0, 0, 1]), NotGzip::Behind),
        (behind(&[0x1f, 0x8c]), NotGzip::Header),
    ] {
        assert_eq!(unpacked(&bytes, 3), Err(error));
    }
    let mut other = good.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    assert_eq!(unpacked(&other, 100), Err(NotGzip::Checksum));
}
