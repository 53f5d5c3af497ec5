-- Enters who of a node came and went, and publishes the real transitions.
--
-- KEYS: the nodes, the rooms of this node; then of each room its online hash, this node's set,
--   its head and its log
-- ARGV: server id, channel, most users, how long an empty room is kept (0: for good); then of
--   each room its id, how many changes, and of each change + or -, the user id, the user as JSON

local node, channel, most, keep_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local lines, arg = {}, 5
for k = 3, #KEYS, 4 do
  local online, of_node, head, log = unpack(KEYS, k, k + 3)
  local room, changes = ARGV[arg], tonumber(ARGV[arg + 1])
  arg = arg + 2
  local before = redis.call('HLEN', online)
  local count, tell = before, teller(lines, room, before, clock_us(), most)
  for i = arg, arg + 3 * changes - 1, 3 do
    local user = ARGV[i + 1]
    if ARGV[i] == '+' then
      local json, change = enter(online, of_node, node, user, ARGV[i + 2])
      if json then count = tell(json, 'online', change) end
    else
      local json = leave(online, of_node, node, user)
      if json then count = tell(json, 'offline', -1) end
    end
  end
  if count == 0 then
    let_go_if_empty(head, log, keep_ms)
  elseif before == 0 then
    keep_if_empty(head, log)
  end
  if redis.call('EXISTS', of_node) == 1 then
    redis.call('SADD', KEYS[2], room)
    -- A node without a lease counts as dead until it renews, so that nobody stays for good.
    redis.call('ZADD', KEYS[1], 'NX', 0, node)
  else
    redis.call('SREM', KEYS[2], room)
  end
  arg = arg + 3 * changes
end
publish(channel, lines)
return 0
