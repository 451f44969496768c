//! A command that looks names up in a file of the test's own: `/etc/hosts` in a mount namespace.

use std::path::Path;

use tokio::process::Command;

use super::process::{is_root, through};

/// The command where this file is `/etc/hosts`.
pub(crate) fn with_hosts(hosts: &Path, command: &Command) -> Command {
    // Whoever is not the administrator is so in a user namespace of their own.
    let namespaces = if is_root() { "-m" } else { "-rm" };
    let hosts = hosts.to_str().expect("UTF-8");
    let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    through(&["unshare", namespaces, "sh", "-c", script, hosts], command)
}
