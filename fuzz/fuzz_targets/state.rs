//! The state file, which a disk, or somebody with an editor, may have spoilt.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wolkvox_exporter::chats::Totals;
use wolkvox_exporter::ledger::state::{decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode::<Totals>(bytes);
    // Behind a header that fits, for no fuzzer guesses a checksum.
    let checksum = crc32(bytes);
    let mut framed = format!(
        "wolkvox-exporter-state v1 crc32={checksum:08x} bytes={}\n",
        bytes.len()
    )
    .into_bytes();
    framed.extend_from_slice(bytes);
    framed.push(b'\n');
    if let Ok((origin, ledger)) = decode::<Totals>(&framed) {
        let written = encode(&origin, &ledger).expect("what was read can be written");
        let (origin_again, ledger_again) = decode::<Totals>(&written).expect("what was written can be read");
        assert!(origin == origin_again);
        assert_eq!(written, encode(&origin_again, &ledger_again).expect("again"));
    }
});

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}
