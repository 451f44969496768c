//! A disk that is full, as far as clients can tell.

/// A row is refused where it would be written. A statement that finds no row goes through, as on a full disk.
pub(super) const FILL: &str = r#"
create schema test_disk;
create function test_disk.refuse() returns trigger language plpgsql as $$
begin
    raise exception using
        errcode = '53100',
        message = 'could not extend file "base/16384/16397": No space left on device',
        hint = 'Check free disk space.';
end $$;
do $$
declare
    found regclass;
begin
    for found in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
        execute format(
            'create trigger disk_is_full before insert or update on %s for each row execute function test_disk.refuse()',
            found
        );
    end loop;
end $$;
"#;

/// The triggers go with the function.
pub(super) const MAKE_ROOM: &str = "drop schema test_disk cascade";
