use rustix::io::Errno;

use super::*;

fn error(action: Action, errno: Errno) -> String {
    let path = Path::new("/nowhere/ventas.state.new");
    DiskError::at(path, action)(errno.into()).to_string()
}

#[test]
fn each_cause_has_a_way_out_of_its_own() {
    let mut ways_out = std::collections::BTreeSet::new();
    for (errno, way_out) in [
        (Errno::NOSPC, "file system is full"),
        (Errno::DQUOT, "quota"),
        (Errno::FBIG, "LimitFSIZE="),
        (Errno::ROFS, "mounted read-only"),
        (Errno::NAMETOOLONG, "shorter WOLKVOX_OPERATION"),
        (Errno::MFILE, "LimitNOFILE="),
        (Errno::NFILE, "fs.file-max"),
        (Errno::LOOP, "remove the link"),
        (Errno::IO, "dmesg"),
        (Errno::STALE, "mount it anew"),
        (Errno::ISDIR, "A directory is in its place"),
        (Errno::ACCESS, "chown"),
        (Errno::NOTDIR, "A part of the path"),
        (Errno::INVAL, "Neither room nor permission"),
    ] {
        let text = error(Action::Create, errno);
        let cause = io::Error::from(errno).to_string();
        for part in [
            "/nowhere/ventas.state.new can't be created",
            &cause,
            way_out,
            "WOLKVOX_STATE_DIR",
        ] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
        assert!(
            ways_out.insert(super::way_out(Action::Create, &errno.into())),
            "{text}"
        );
    }
}

#[test]
fn a_file_system_without_locks_is_named_as_the_cause() {
    for errno in [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP] {
        let text = error(Action::Lock, errno);
        assert!(text.contains("has no locks here"), "{text}");
        assert!(text.contains("count every chat twice"), "{text}");
        assert!(!text.contains("writable"), "{text}");
    }
}

#[test]
fn a_file_system_without_sync_is_named_as_the_cause() {
    for errno in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
        let text = error(Action::Sync, errno);
        assert!(text.contains("(fsync)") && text.contains("local disk"), "{text}");
    }
}

#[test]
fn without_permission_the_owner_and_who_asks_are_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = DiskError::at(file.path(), Action::Open)(Errno::ACCESS.into()).to_string();
    let me = rustix::process::geteuid();
    let owner = format!("it belongs to user {me} and group");
    let asks = format!("mode 0600, the exporter runs as user {me}");
    assert!(text.contains(&owner) && text.contains(&asks), "{text}");
    // Of a file that is not there, the directory decides.
    let missing = file.path().with_file_name("missing");
    let text = DiskError::at(&missing, Action::Create)(Errno::ACCESS.into()).to_string();
    assert!(text.contains("its directory belongs to user"), "{text}");
}
