//! Users, and the account's alias.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{access_key::AccessKey, missing, role};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Name, one of a kind in the account.
    pub name: String,
    /// Path, `/` for most.
    pub path: String,
    /// ARN.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// Attached policies: ARN.
    pub attached: Vec<String>,
    /// Inline policies: name to document.
    pub inline: BTreeMap<String, Value>,
    /// Its permissions boundary's ARN.
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Access keys.
    pub keys: Vec<AccessKey>,
}

impl User {
    fn answer(&self) -> Value {
        let mut answer = json!({
            "Path": self.path, "UserName": self.name, "UserId": id(&self.name), "Arn": self.arn,
            "CreateDate": self.created.to_string(),
        });
        if !self.tags.is_empty() {
            answer["Tags"] = role::tag_list(&self.tags);
        }
        if let Some(boundary) = &self.boundary {
            answer["PermissionsBoundary"] = role::bounded(boundary);
        }
        answer
    }
}

fn id(name: &str) -> String {
    format!("AIDA{}", hex(name, 17).to_uppercase())
}

/// The user a request means.
pub fn find<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut User, AwsError> {
    let name = input.text("UserName");
    state.iam.users.get_mut(name).ok_or_else(|| missing(format!("The user with name {name} cannot be found.")))
}

/// GetUser. The session of a role has no user of its own.
pub fn get(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let own = asked.caller.split_once(":user/").map(|(_, name)| name.to_owned());
    let Some(name) = input.maybe("UserName").map(str::to_owned).or_else(|| own.clone()) else {
        return Err(AwsError::bad("ValidationError", "Must specify userName when calling with non-User credentials"));
    };
    if let Some(user) = state.iam.users.get(&name) {
        return Ok(json!({ "User": user.answer() }));
    }
    if own.as_ref() != Some(&name) {
        return Err(missing(format!("The user with name {name} cannot be found.")));
    }
    Ok(json!({ "User": {
        "Path": "/", "UserName": name, "UserId": id(&name),
        "Arn": state.iam_arn(&format!("user/{name}")), "CreateDate": "2023-02-01T09:00:00Z",
    }}))
}

/// CreateUser.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let name = input.text("UserName").to_owned();
    if state.iam.users.contains_key(&name) {
        return Err(AwsError::new(409, "EntityAlreadyExists", format!("User with name {name} already exists.")));
    }
    let path = input.maybe("Path").unwrap_or("/").to_owned();
    let user = User {
        arn: state.iam_arn(&format!("user{path}{name}")),
        name: name.clone(),
        path,
        created: asked.now,
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary: input.maybe("PermissionsBoundary").map(str::to_owned),
        tags: role::tag_map(input.list("Tags")),
        keys: Vec::new(),
    };
    let answer = user.answer();
    state.iam.users.insert(name, user);
    Ok(json!({ "User": answer }))
}

/// DeleteUser.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let user = find(state, input)?;
    let left = [
        (!user.keys.is_empty(), "Cannot delete entity, must delete access keys first."),
        (!user.attached.is_empty(), "Cannot delete entity, must detach all policies first."),
        (!user.inline.is_empty(), "Cannot delete entity, must delete policies first."),
    ];
    if let Some((_, message)) = left.iter().find(|(left, _)| *left) {
        return Err(AwsError::new(409, "DeleteConflict", *message));
    }
    let name = user.name.clone();
    state.iam.users.remove(&name);
    Ok(json!({}))
}

/// ListUsers.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let prefix = input.maybe("PathPrefix").unwrap_or("/");
    let users: Vec<Value> =
        state.iam.users.values().filter(|user| user.path.starts_with(prefix)).map(User::answer).collect();
    let (page, next) = page(users, input.whole("MaxItems").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "Users": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// PutUserPermissionsBoundary.
pub fn put_boundary(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?.boundary = Some(input.text("PermissionsBoundary").to_owned());
    Ok(json!({}))
}

/// ListGroupsForUser: there are no groups.
pub fn groups(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?;
    Ok(json!({ "Groups": [], "IsTruncated": false }))
}

/// TagUser.
pub fn tag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?.tags.extend(role::tag_map(input.list("Tags")));
    Ok(json!({}))
}

/// UntagUser.
pub fn untag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let keys = input.texts("TagKeys");
    find(state, input)?.tags.retain(|key, _| !keys.contains(&&**key));
    Ok(json!({}))
}

/// ListUserTags.
pub fn tags(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "Tags": role::tag_list(&find(state, input)?.tags), "IsTruncated": false }))
}

/// ListAccountAliases.
pub fn aliases(state: &mut State, _: &Value, _: &Asked) -> Result<Value, AwsError> {
    let aliases: Vec<&String> = state.setup.alias.iter().collect();
    Ok(json!({ "AccountAliases": aliases, "IsTruncated": false }))
}
