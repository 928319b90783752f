//! What is true of an install without a machine.
