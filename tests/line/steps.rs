//! Steps handed over, and an answer changed after the install, line by line.

use super::{conversation::Conversation, to_install};

fn to_plan(talk: &mut Conversation) {
    super::to_inputs(talk);
    talk.answer("Answers", "");
    talk.answer("Secrets", "");
    talk.until("5 of 9: Checks");
    talk.answer("Checks", "");
    talk.until("6 of 9: Plan");
}

#[test]
fn a_step_is_handed_over_in_plan_taken_back_and_what_others_do_is_waited_for() {
    let mut talk = Conversation::rehearse("arthur-shield", &["--scenario", "handed-over"]);
    to_plan(&mut talk);
    let plan = talk.answer("The plan", "hand");
    assert!(plan.contains("by IAM team"), "the answers hand roles over:\n{plan}");
    talk.answer("Which step", "steps/namespace");
    talk.answer("Who is asked to do it", "Platform team");
    talk.answer("Why, or a ticket", "PLAT-12");
    talk.until("what Platform team has to do is written in");
    let plan = talk.answer("The plan", "hand");
    assert!(plan.contains("handed over to Platform team"), "{plan}");
    talk.answer("Which step", "steps/namespace");
    talk.until("is ours again");
    talk.answer("The plan", "agree");
    talk.until("7 of 9: Install");
    let install = talk.until("8 of 9: Verify");
    for line in ["handed over to IAM team", "done by somebody else", "Namespace: made"] {
        assert!(install.contains(line), "{line} is not in\n{install}");
    }
    talk.until("? Verify");
    talk.hang_up();
    talk.end();
}

#[test]
fn an_answer_changed_after_the_install_is_reviewed_and_what_something_was_made_with_is_locked() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_install(&mut talk);
    talk.until("8 of 9: Verify");
    talk.answer("Verify", "more");
    talk.answer("What else", "inputs");
    talk.until("3 of 9: Inputs");
    talk.answer("Answers", "one");
    talk.answer("Which one", "gpu_node_group_name");
    talk.until("Name of the GPU node group cannot change any more: ");
    talk.answer("Answers", "one");
    talk.answer("Which one", "gpu_max");
    talk.answer("Most GPU nodes", "6");
    talk.answer("Answers", "go");
    talk.answer("Secrets", "go");
    talk.answer("Checks", "go");
    talk.until("6 of 9: Plan");
    let plan = talk.answer("The plan", "agree");
    assert!(plan.contains("change steps/gpu_node_group: the answer gpu_max changed from 4 to 6 (scaling)"), "{plan}");
    assert!(plan.contains("steps stay as they are"), "{plan}");
    talk.until("7 of 9: Install");
    let install = talk.until("8 of 9: Verify");
    assert!(install.contains("GPU node group"), "{install}");
    talk.answer("Verify", "go");
    talk.until("9 of 9: Summary");
    talk.answer("Done", "");
    assert_eq!(talk.end(), 0);
}
