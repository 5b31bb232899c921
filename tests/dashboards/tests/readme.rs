//! `dashboards/README.md` says what is in the files.
#![allow(clippy::unwrap_used)]

use serialtrail_dashboards_test::{dashboards, folder, panels};

#[test]
fn the_readme_lists_every_panel_and_variable() {
    let file = folder().join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let renewed = panels::renewed(&readme, &dashboards().unwrap()).unwrap();
    if std::env::var_os("SERIALTRAIL_WRITE_README").is_some() {
        std::fs::write(&file, &renewed).unwrap();
        return;
    }
    assert!(
        readme == renewed,
        "dashboards/README.md is not what the dashboards say: run\n\
         SERIALTRAIL_WRITE_README=1 cargo test -p serialtrail-dashboards-test --test readme"
    );
}
