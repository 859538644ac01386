//! Commands as tutorials write them run in their images.

use std::path::Path;

#[test]
fn every_line_of_the_samples_runs_as_in_a_real_container() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/commands");
    let all = wheelhouse::commands::run(&samples).expect("the samples are there");
    assert!(all.len() > 70, "{}", all.len());
    let failed: Vec<_> = all.iter().filter(|r| r.ours).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    // A line that is missing something is noticed.
    assert!(all.iter().any(|r| r.exit == Some(42)));
}
