//! IAM: roles, users and their policies, access keys, OIDC providers, and who may do what.

pub mod access_key;
pub mod evaluate;
pub mod managed;
pub mod provider;
pub mod role;
pub mod role_policy;
pub mod simulate;
pub mod user;
pub mod user_policy;

use std::collections::BTreeMap;

use super::{error::AwsError, service::Operation, state::State};

pub use evaluate::{allows, attached};
pub use provider::Provider;
pub use role::Role;
pub use user::User;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("GetRole", role::get),
    ("CreateRole", role::create),
    ("DeleteRole", role::delete),
    ("ListRoles", role::list),
    ("TagRole", role::tag),
    ("UntagRole", role::untag),
    ("ListRoleTags", role::tags),
    ("UpdateAssumeRolePolicy", role::update_trust),
    ("PutRolePermissionsBoundary", role::put_boundary),
    ("ListInstanceProfilesForRole", role::instance_profiles),
    ("GetRolePolicy", role_policy::get),
    ("PutRolePolicy", role_policy::put),
    ("DeleteRolePolicy", role_policy::delete),
    ("ListRolePolicies", role_policy::list),
    ("ListAttachedRolePolicies", role_policy::attached),
    ("AttachRolePolicy", role_policy::attach),
    ("DetachRolePolicy", role_policy::detach),
    ("GetPolicy", managed::get),
    ("SimulatePrincipalPolicy", simulate::simulate),
    ("ListOpenIDConnectProviders", provider::list),
    ("GetOpenIDConnectProvider", provider::get),
    ("CreateOpenIDConnectProvider", provider::create),
    ("DeleteOpenIDConnectProvider", provider::delete),
    ("GetUser", user::get),
    ("CreateUser", user::create),
    ("DeleteUser", user::delete),
    ("ListUsers", user::list),
    ("TagUser", user::tag),
    ("UntagUser", user::untag),
    ("ListUserTags", user::tags),
    ("PutUserPermissionsBoundary", user::put_boundary),
    ("ListGroupsForUser", user::groups),
    ("GetUserPolicy", user_policy::get),
    ("PutUserPolicy", user_policy::put),
    ("DeleteUserPolicy", user_policy::delete),
    ("ListUserPolicies", user_policy::list),
    ("ListAttachedUserPolicies", user_policy::attached),
    ("AttachUserPolicy", user_policy::attach),
    ("DetachUserPolicy", user_policy::detach),
    ("CreateAccessKey", access_key::create),
    ("ListAccessKeys", access_key::list),
    ("UpdateAccessKey", access_key::update),
    ("DeleteAccessKey", access_key::delete),
    ("ListAccountAliases", user::aliases),
];

/// What IAM holds.
#[derive(Debug, Default)]
pub struct Iam {
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// OIDC providers by ARN.
    pub providers: BTreeMap<String, Provider>,
    /// Users by name.
    pub users: BTreeMap<String, User>,
}

/// The role with this ARN.
pub fn role_of_arn<'a>(state: &'a State, arn: &str) -> Option<&'a Role> {
    state.iam.roles.values().find(|role| role.arn == arn)
}

/// Whether a principal of a policy is somebody that is known everywhere by now. Of other accounts nobody here can tell.
pub fn exists(state: &State, principal: &str) -> bool {
    let own = state.iam_arn("");
    match principal.strip_prefix(&own) {
        Some("root") => true,
        Some(_) => {
            let user = || state.iam.users.values().find(|user| user.arn == principal).map(|user| user.created);
            let made = role_of_arn(state, principal).map(|role| role.created).or_else(user);
            made.is_some_and(|made| state.now >= made + state.setup.timings.principal)
        }
        None => principal == "*" || principal == state.setup.account || principal.starts_with("arn:aws:"),
    }
}

/// The role whose session a caller is, by ARN; the caller itself where it is none.
pub fn role_arn_of_session(state: &State, caller: &str) -> String {
    let role = caller.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
    role.and_then(|name| state.iam.roles.get(name)).map_or_else(|| caller.to_owned(), |role| role.arn.clone())
}

/// Refuses what EKS refuses as a node role.
pub fn node_role(state: &State, arn: &str) -> Result<(), AwsError> {
    let refuse = |message: String| Err(AwsError::bad("InvalidParameterException", message));
    let Some(role) = role_of_arn(state, arn) else {
        let name = arn.rsplit('/').next().unwrap_or_default();
        return refuse(format!("The role with name {name} cannot be found. (Service: Iam, Status Code: 404)"));
    };
    if !role.trusts("ec2.amazonaws.com") {
        return refuse("Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole".to_owned() + &format!(" {arn}"));
    }
    Ok(())
}

/// The one that IAM means where a thing is missing.
pub fn missing(what: impl Into<String>) -> AwsError {
    AwsError::new(404, "NoSuchEntity", what)
}
