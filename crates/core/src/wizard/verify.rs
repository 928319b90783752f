//! Verify: what proves that the result works.

use super::Tasks;

/// The eighth screen.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// Verifications.
    pub tasks: Tasks,
}
