//! The DNS server: authoritative answers over UDP and TCP.

use std::sync::Arc;

use hickory_proto::{
    op::{Edns, Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, CNAME, NS, SOA, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use super::names::{self, Data, Found};
use crate::World;

/// Answers datagrams until dropped.
pub async fn serve_udp(world: Arc<World>, socket: UdpSocket) {
    let mut buffer = [0_u8; 4096];
    loop {
        // An error here belongs to one client that went away, not to the socket.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(answer) = answer(&world, &buffer[..length]) {
            let _gone = socket.send_to(&answer, client).await;
        }
    }
}

/// Answers connections until dropped.
pub async fn serve_tcp(world: Arc<World>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(world.clone(), stream));
    }
}

async fn converse(world: Arc<World>, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; length.into()];
        stream.read_exact(&mut query).await?;
        let Some(answer) = answer(&world, &query) else { return Ok(()) };
        let Ok(length) = u16::try_from(answer.len()) else { return Ok(()) };
        stream.write_u16(length).await?;
        stream.write_all(&answer).await?;
    }
}

/// One message's answer; none for what is no query at all.
fn answer(world: &World, query: &[u8]) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let asked = query.queries.first()?.clone();
    let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
    answer.add_query(asked.clone());
    answer.metadata.recursion_desired = query.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    if query.edns.is_some() {
        answer.set_edns(Edns::new());
    }
    if query.metadata.op_code != OpCode::Query {
        answer.metadata.response_code = ResponseCode::NotImp;
        return answer.to_vec().ok();
    }
    answer.metadata.authoritative = true;
    let name = asked.name().to_ascii().trim_end_matches('.').to_owned();
    world.outside.with_names(|names| {
        let zone = names.zone(&name);
        let apex = names.is_zone(&name);
        let found = names.chain(&name);
        let exists = apex || found.iter().any(|record| names::same(&record.name, &name));
        let wanted = asked.query_type();
        let alias = found.first().is_some_and(|record| matches!(record.data, Data::Cname(_)));
        answer.add_answers(
            found
                .iter()
                .filter(|record| {
                    type_of(record) == wanted
                        || wanted == RecordType::ANY
                        || (alias && type_of(record) == RecordType::CNAME)
                })
                .filter(|record| wanted != RecordType::CNAME || names::same(&record.name, &name))
                .filter_map(wire),
        );
        if apex && wanted == RecordType::NS {
            answer.add_answers(name_server(&zone));
        }
        if apex && wanted == RecordType::SOA {
            answer.add_answers(authority(&zone, names.setup.negative_ttl.as_secs()));
        }
        if !exists {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        if answer.answers.is_empty() {
            answer.add_authorities(authority(&zone, names.setup.negative_ttl.as_secs()));
        }
    });
    answer.to_vec().ok()
}

fn type_of(record: &Found) -> RecordType {
    match record.data {
        Data::A(_) => RecordType::A,
        Data::Cname(_) => RecordType::CNAME,
        Data::Txt(_) => RecordType::TXT,
    }
}

fn wire(record: &Found) -> Option<Record> {
    let data = match &record.data {
        Data::A(address) => RData::A(A(*address)),
        Data::Cname(target) => RData::CNAME(CNAME(absolute(target)?)),
        Data::Txt(text) => RData::TXT(TXT::new(vec![text.clone()])),
    };
    Some(Record::from_rdata(absolute(&record.name)?, record.ttl, data))
}

fn name_server(zone: &str) -> Option<Record> {
    Some(Record::from_rdata(absolute(zone)?, 3600, RData::NS(NS(absolute(&names::name_server(zone))?))))
}

fn authority(zone: &str, negative_ttl: i64) -> Option<Record> {
    let negative_ttl = negative_ttl.try_into().unwrap_or(0);
    let soa = SOA::new(
        absolute(&names::name_server(zone))?,
        absolute(&format!("hostmaster.{zone}"))?,
        1,
        7200,
        900,
        1_209_600,
        negative_ttl,
    );
    Some(Record::from_rdata(absolute(zone)?, negative_ttl, RData::SOA(soa)))
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).ok()
}
