//! What does the AWS account of a rehearsal hold, and how does it answer?
//!
//! A request comes in at [`serve`], is understood by [`wire`], hit by [`fault`]s, looked up in [`service`] and
//! answered by one function per operation, which changes the [`state::State`]. Time passes in
//! [`Account::settle`]. What exists at the start, how long things take and what goes wrong is the [`Setup`].

pub mod account;
mod acm;
pub mod ask;
pub mod autoscaling;
pub mod cloudwatch;
pub mod document;
pub mod ec2;
pub mod eks;
pub mod error;
pub mod fault;
mod furnish;
pub mod iam;
mod kept;
pub mod kms;
mod quotas;
pub mod rds;
pub mod s3;
mod secrets;
mod serve;
pub mod service;
mod ses;
pub mod setup;
mod snapshot;
mod ssm;
pub mod state;
mod sts;
pub mod timing;
pub mod wire;

pub use account::{Account, Session};
pub use ec2::Room;
pub use serve::serve;
pub use setup::Setup;
