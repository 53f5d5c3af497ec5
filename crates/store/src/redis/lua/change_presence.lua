-- Enters who of a node came and went, and publishes the real transitions.
--
-- KEYS: the nodes, the rooms of this node; then of each room its online hash and this node's set
-- ARGV: server id, channel, most users; then of each room its id, how many changes,
--   and of each change + or -, the user id, the user as JSON

local node, channel, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lines, arg = {}, 4
for k = 3, #KEYS, 2 do
  local online, of_node = KEYS[k], KEYS[k + 1]
  local room, changes = ARGV[arg], tonumber(ARGV[arg + 1])
  arg = arg + 2
  local tell = teller(lines, room, online, clock_us(), most)
  for i = arg, arg + 3 * changes - 1, 3 do
    local user = ARGV[i + 1]
    if ARGV[i] == '+' then
      local json = enter(online, of_node, node, user, ARGV[i + 2])
      if json then tell(json, 'online', 1) end
    else
      local json = leave(online, of_node, node, user)
      if json then tell(json, 'offline', -1) end
    end
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
