//! Roles.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::missing;
use crate::aws::{
    ask::{Ask, hex, page},
    document::{principals, statements},
    error::AwsError,
    service::Asked,
    setup::RoleSetup,
    state::State,
};

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Name, one of a kind in the account.
    pub name: String,
    /// Path, `/` for most.
    pub path: String,
    /// ARN.
    pub arn: String,
    /// What its author wrote.
    pub description: Option<String>,
    /// Who may assume it.
    pub trust: Value,
    /// When it was made.
    pub created: Timestamp,
    /// Longest session, in seconds.
    pub longest: i64,
    /// Attached policies: ARN.
    pub attached: Vec<String>,
    /// Inline policies: name to document.
    pub inline: BTreeMap<String, Value>,
    /// Its permissions boundary's ARN.
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Role {
    /// As the scenario has it.
    pub fn new(setup: &RoleSetup, account: &str, start: Timestamp) -> Self {
        let principal = match &setup.service {
            Some(service) => json!({ "Service": service }),
            None => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        };
        let path = setup.path.clone().unwrap_or_else(|| "/".to_owned());
        Self {
            name: setup.name.clone(),
            arn: format!("arn:aws:iam::{account}:role{path}{}", setup.name),
            path,
            description: None,
            trust: json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }],
            }),
            created: start - SignedDuration::from_hours(24 * 200),
            longest: 3600,
            attached: setup.policies.iter().map(|name| super::managed::arn(name)).collect(),
            inline: setup.inline.clone(),
            boundary: None,
            tags: BTreeMap::new(),
        }
    }

    /// Whether a service may assume it.
    pub fn trusts(&self, service: &str) -> bool {
        self.trust.to_string().contains(&format!("\"{service}\""))
    }

    fn answer(&self) -> Value {
        let mut answer = json!({
            "Path": self.path, "RoleName": self.name, "RoleId": id(&self.arn), "Arn": self.arn,
            "CreateDate": self.created.to_string(), "AssumeRolePolicyDocument": encode(&self.trust.to_string()),
            "MaxSessionDuration": self.longest,
        });
        if let Some(description) = &self.description {
            answer["Description"] = description.as_str().into();
        }
        answer
    }

    fn full_answer(&self) -> Value {
        let mut answer = self.answer();
        if !self.tags.is_empty() {
            answer["Tags"] = tag_list(&self.tags);
        }
        if let Some(boundary) = &self.boundary {
            answer["PermissionsBoundary"] = bounded(boundary);
        }
        answer["RoleLastUsed"] = json!({});
        answer
    }
}

/// `AROA…`, as role ids begin.
pub fn id(arn: &str) -> String {
    format!("AROA{}", hex(arn, 17).to_uppercase())
}

/// A permissions boundary in an answer.
pub fn bounded(arn: &str) -> Value {
    json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn })
}

/// Policy documents are percent-encoded in IAM's answers, as RFC 3986 has it.
pub fn encode(document: &str) -> String {
    document.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// A policy document, or IAM's refusal of what is none.
pub fn document(text: &str) -> Result<Value, AwsError> {
    let malformed = |message: &str| AwsError::bad("MalformedPolicyDocument", message);
    let document: Value = serde_json::from_str(text).map_err(|_| malformed("Syntax errors in policy."))?;
    statements(&document).map_err(|message| malformed(&message))?;
    Ok(document)
}

/// A trust policy, or IAM's refusal of what is none.
pub fn trust(state: &State, text: &str) -> Result<Value, AwsError> {
    let malformed = |message: String| AwsError::bad("MalformedPolicyDocument", message);
    let document = document(text)?;
    for statement in statements(&document).unwrap_or_default() {
        if statement.part("Principal").is_none() && statement.part("NotPrincipal").is_none() {
            return Err(malformed("Missing required field Principal".to_owned()));
        }
        if statement.part("Resource").is_some() {
            return Err(malformed("Has prohibited field Resource".to_owned()));
        }
        if let Some(nobody) = principals(statement).into_iter().find(|principal| !super::exists(state, principal)) {
            return Err(malformed(format!("Invalid principal in policy: \"AWS\":\"{nobody}\"")));
        }
    }
    Ok(document)
}

/// Tags as IAM writes them.
pub fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// Tags as IAM reads them.
pub fn tag_map(tags: &[Value]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect()
}

/// The role a request means.
pub fn find<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Role, AwsError> {
    let name = input.text("RoleName");
    state.iam.roles.get_mut(name).ok_or_else(|| missing(format!("The role with name {name} cannot be found.")))
}

/// GetRole.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "Role": find(state, input)?.full_answer() }))
}

/// CreateRole.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let name = input.text("RoleName").to_owned();
    if state.iam.roles.contains_key(&name) {
        return Err(AwsError::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    let trust = trust(state, input.text("AssumeRolePolicyDocument"))?;
    let path = input.maybe("Path").unwrap_or("/").to_owned();
    let role = Role {
        arn: state.iam_arn(&format!("role{path}{name}")),
        name: name.clone(),
        path,
        description: input.maybe("Description").map(str::to_owned),
        trust,
        created: asked.now,
        longest: input.whole("MaxSessionDuration").unwrap_or(3600),
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary: input.maybe("PermissionsBoundary").map(str::to_owned),
        tags: tag_map(input.list("Tags")),
    };
    let answer = role.full_answer();
    state.iam.roles.insert(name, role);
    Ok(json!({ "Role": answer }))
}

/// DeleteRole.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let role = find(state, input)?;
    let conflict = |message: &str| Err(AwsError::new(409, "DeleteConflict", message));
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    let name = role.name.clone();
    state.iam.roles.remove(&name);
    Ok(json!({}))
}

/// ListRoles.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let prefix = input.maybe("PathPrefix").unwrap_or("/");
    let roles: Vec<Value> =
        state.iam.roles.values().filter(|role| role.path.starts_with(prefix)).map(Role::answer).collect();
    let (page, next) = page(roles, input.whole("MaxItems").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "Roles": page, "IsTruncated": next.is_some(), "Marker": next }))
}

/// TagRole.
pub fn tag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?.tags.extend(tag_map(input.list("Tags")));
    Ok(json!({}))
}

/// UntagRole.
pub fn untag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let keys = input.texts("TagKeys");
    find(state, input)?.tags.retain(|key, _| !keys.contains(&&**key));
    Ok(json!({}))
}

/// ListRoleTags.
pub fn tags(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    Ok(json!({ "Tags": tag_list(&find(state, input)?.tags), "IsTruncated": false }))
}

/// UpdateAssumeRolePolicy.
pub fn update_trust(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let trust = trust(state, input.text("PolicyDocument"))?;
    find(state, input)?.trust = trust;
    Ok(json!({}))
}

/// PutRolePermissionsBoundary.
pub fn put_boundary(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?.boundary = Some(input.text("PermissionsBoundary").to_owned());
    Ok(json!({}))
}

/// ListInstanceProfilesForRole: there are none, EKS keeps those of its node groups to itself.
pub fn instance_profiles(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    find(state, input)?;
    Ok(json!({ "InstanceProfiles": [], "IsTruncated": false }))
}
