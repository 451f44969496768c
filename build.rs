//! Notes the revision and the compiler for `wolkvox_exporter_build_info`.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Of a linked work tree they are elsewhere. A file that is missing would count as changed at every build.
    for name in ["HEAD", "refs/heads"] {
        let path = output("git", &["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists());
        if let Some(path) = path {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-env-changed=EXPORTER_REVISION");
    // A container build has no .git: there the revision is handed in.
    let revision = env::var("EXPORTER_REVISION")
        .ok()
        .or_else(|| output("git", &["rev-parse", "--short=12", "HEAD"]))
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=WOLKVOX_REVISION={revision}");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&rustc, &["--version"]).and_then(|line| Some(line.split(' ').nth(1)?.to_owned()));
    println!(
        "cargo::rustc-env=WOLKVOX_RUST_VERSION={}",
        version.unwrap_or_else(|| "unknown".to_owned())
    );
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
