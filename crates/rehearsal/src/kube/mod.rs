//! The cluster: what would a Kubernetes API server answer, and what would controllers, scheduler and
//! kubelets make of what clients ask for?
//!
//! [`setup`] is the scenario's part. [`store`] is what the rest of the world holds; behind its lock
//! ([`state`]) are the objects with the history of their changes ([`objects`]), and what moves by itself
//! ([`live`]). A client's call comes in at [`serve`], is understood by [`call`] and answered by [`answer`],
//! which writes ([`write`], [`remove`]), watches ([`mod@watch`]), reads logs ([`log`]) or prints tables
//! ([`table`]). [`proxy`] stands in front of a real API server ([`upstream`]) instead.

pub mod access;
pub mod admit;
pub mod aggregated;
pub mod answer;
pub mod body;
pub mod call;
pub mod discovery;
pub mod eks_token;
pub mod faults;
pub mod fields;
pub mod list;
pub mod live;
pub mod log;
pub mod metrics;
pub mod object;
pub mod objects;
pub mod patch;
pub mod place;
pub mod proxy;
pub mod quantity;
pub mod rbac;
pub mod refusal;
pub mod remove;
pub mod reply;
pub mod resource;
pub mod rows;
pub mod rule;
pub mod scale;
pub mod security;
pub mod selector;
pub mod serve;
pub mod setup;
pub mod state;
pub mod store;
pub mod table;
pub mod upstream;
pub mod watch;
pub mod write;

pub use serve::serve;
pub use setup::Setup;
pub use store::Store;
