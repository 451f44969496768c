//! The web configuration file.

#![no_main]

use std::path::Path;

use exporter_web::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // No path is opened for a fuzzer.
    if text.contains("_file") {
        return;
    }
    if let Err(error) = check(text, Path::new("/nowhere/web.yml")) {
        assert!(!error.problems.is_empty());
        // Keys and hashes have these signs, and names don't.
        assert!(!error.to_string().contains("CANARY/$"), "{error}");
    }
});
