//! What is still done where the program has a fault of its own? A panic ends it at once (`panic = "abort"`), so nothing else
//! would give the terminal back from a question.

use crate::line::question;

/// From here on a panic gives the terminal back first; the full screen adds what it has taken besides.
pub fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        question::give_back();
        before(panic);
    }));
}
