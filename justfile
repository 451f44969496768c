# What is done often. `just` lists it, `just <name>` does it. https://just.systems
# Without just, tests/run does everything.

# Lists the recipes.
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt --all

# Looks for what formatting, clippy and rustdoc complain about.
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

# Runs the unit tests of all crates, or those with these words in their names.
unit *words:
    cargo test --locked --workspace --lib -- {{ words }}

# Runs the tests from outside, or those with these words in their names: just it engine::scenario
it *words:
    cargo test --locked --test it -- {{ words }}

# Writes the whole exposition anew. Read the difference before you commit it.
golden:
    UPDATE_GOLDEN=1 cargo test --locked --test it -- engine::exposition
    git --no-pager diff --stat -- tests/it/golden

# Writes the tables of the documents anew, and checks the documents.
docs:
    UPDATE_DOCS=1 cargo test --locked --lib -- http::overview
    UPDATE_DOCS=1 cargo test --locked --test it -- docs:: rooms::

# Measures decoding, counting and rendering, or what has these words in its name.
bench *words:
    cargo bench --locked --bench report -- {{ words }}

# Measures the whole exporter side by side with its peers, or these parts: just measure polls size
measure *parts:
    benches/run {{ parts }}

# Looks whether the fuzz targets still build.
fuzz-check:
    RUSTFLAGS="--cfg fuzzing" cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz

# Polls a simulated contact centre: http://127.0.0.1:10555/
demo *options:
    cargo run --locked --release -- demo {{ options }}
