//! Look-ups: one file a kind. Each fills an input's table.

pub mod aws_regions;
