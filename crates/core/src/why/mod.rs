//! Why does it wait? One causal line for everything that waits, from what is already watched.

mod snapshot;

pub use snapshot::{
    ClaimRow, Container, EventRow, IngressRow, Link, LogLine, NodeRow, PodRow, PodWait, Snapshot, Taint, Toleration,
};
