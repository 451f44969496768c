//! `Accept` and `Accept-Encoding`, from whoever reaches the port: a line of the input for each line of the header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wolkvox_exporter::exposition::{Encoding, Format};

fuzz_target!(|text: &str| {
    let joined = text.replace('\n', ",");
    assert_eq!(
        Format::negotiate(text.split('\n')),
        Format::negotiate([joined.as_str()])
    );
    assert_eq!(
        Encoding::negotiate(text.split('\n')),
        Encoding::negotiate([joined.as_str()])
    );
});
