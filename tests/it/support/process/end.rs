//! A program that ends by itself, and what it wrote until then.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::process::{ExitStatus, Output};

use tokio::process::Command;

use super::{GUARD, Log};

/// Runs a program to its end. What it writes goes where the command sends it.
pub(crate) async fn ended(mut command: Command) -> ExitStatus {
    let mut child = command.spawn().expect("it starts");
    tokio::time::timeout(GUARD, child.wait())
        .await
        .expect("it ends")
        .expect("its status")
}

/// Runs a program to its end; all that it wrote.
pub(crate) async fn output(mut command: Command) -> Output {
    let (stdout, stderr) = (Log::new(), Log::new());
    command.stdout(stdout.stdio()).stderr(stderr.stdio());
    Output {
        status: ended(command).await,
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
    }
}

/// The status, standard output and standard error of a program that writes text.
pub(crate) async fn finish(command: Command) -> (ExitStatus, String, String) {
    let output = output(command).await;
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status, text(output.stdout), text(output.stderr))
}
