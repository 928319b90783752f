//! Checks: one file a kind. Each looks at one thing and says what it found.

pub mod person_attests;
