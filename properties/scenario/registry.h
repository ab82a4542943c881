#pragma once

#include "sim/role.h"

namespace tickover::sim {

/// Roles that are only read, never run, with a key of every type a role may use.
inline RoleRegistry reading_roles() {
  RoleRegistry registry;
  registry.add(
      {.name = "turn-client",
       .help = "keeps an allocation",
       .keys = {{.name = "relay", .type = ValueType::host, .required = true},
                {.name = "username", .type = ValueType::text},
                {.name = "transport", .type = ValueType::text, .choices = {"udp", "tcp"}},
                {.name = "refresh", .type = ValueType::duration},
                {.name = "retries", .type = ValueType::integer},
                {.name = "keep", .type = ValueType::flag},
                {.name = "chance", .type = ValueType::probability},
                {.name = "backoff",
                 .type = ValueType::table,
                 .children = {{.name = "factor", .type = ValueType::factor},
                              {.name = "first", .type = ValueType::duration},
                              {.name = "via", .type = ValueType::host}}},
                {.name = "peers", .type = ValueType::texts},
                {.name = "digests", .type = ValueType::texts, .choices = {"sha-1", "sha-256"}}},
       .make = {}});
  registry.add({.name = "turn-server",
                .help = "relays",
                .keys = {{.name = "nonce-lifetime", .type = ValueType::duration}},
                .make = {}});
  registry.add({.name = "peer", .help = "echoes", .keys = {}, .make = {}});
  return registry;
}

}  // namespace tickover::sim
