//! Steps: one file a kind. Each changes one thing, and can tell from the world alone whether it is there.

pub mod person_does;
