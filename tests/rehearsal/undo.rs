//! Undo takes away what an install made, and nothing else.

use crate::rehearsed::Served;

#[test]
fn undo_leaves_the_world_as_it_was() {
    let before = Served::start("smooth").end();
    let served = Served::start("smooth");
    served.landfall(&["install", "arthur-shield", "--yes", "--output", "ndjson"]).ends_with(0);
    let shown = served.landfall(&["undo", "arthur-shield"]);
    shown.ends_with(5);
    assert!(shown.out.contains("deletes the Secret postgres-secret"), "{}", shown.out);
    served
        .landfall(&["undo", "arthur-shield", "--yes", "--lose", "steps/namespace", "--output", "ndjson"])
        .ends_with(0);
    let left = served.end();
    for half in ["aws", "kubernetes"] {
        for (sort, was) in before[half].as_object().unwrap() {
            assert_eq!(was, &left[half][sort], "{half} {sort}");
        }
    }
}
