//! `eks-token`: what a kubeconfig built from EKS runs to sign in. It prints an ExecCredential and keeps nothing.

use super::{
    Common, Exit,
    say::{complain, say},
};
use crate::{
    cloud::{Cloud, EksToken},
    report::explained,
};

/// Prints the token of a cluster.
pub async fn eks_token(common: &Common, cluster: &str) -> i32 {
    let made = match common.endpoints() {
        Ok(endpoints) => {
            let cloud = Cloud::new(endpoints);
            EksToken::for_cluster(&cloud.aws, cloud.clock(), cluster).await
        }
        Err(trouble) => Err(trouble),
    };
    match made {
        Ok(token) => {
            say!("{}", token.exec_credential().reveal());
            Exit::Done.code()
        }
        Err(trouble) => {
            complain!("{}", explained(&trouble.problem(), common.look()));
            Exit::Failed.code()
        }
    }
}
