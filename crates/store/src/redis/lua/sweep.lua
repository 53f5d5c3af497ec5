-- Takes a dead node's users out of a room, some at a time, and publishes the real transitions.
--
-- KEYS: the nodes, the rooms of the dead node, the room's online hash, the dead node's set,
--   the room's head and its log
-- ARGV: the dead node, channel, most users, room, at most how many users, how long an empty
--   room is kept (0: for good)
-- Gives how many are left, or -1 where the node lives after all.

local node, channel, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local room, online, of_node = ARGV[4], KEYS[3], KEYS[4]
local now = clock_us()
local lease = tonumber(redis.call('ZSCORE', KEYS[1], node) or nil)
if lease and lease * 1000 > now then return -1 end

local lines = {}
local count = redis.call('HLEN', online)
local tell = teller(lines, room, count, now, most)
for _, user in ipairs(redis.call('SRANDMEMBER', of_node, ARGV[5])) do
  local json = leave(online, of_node, node, user)
  if json then count = tell(json, 'offline', -1) end
end
if count == 0 then let_go_if_empty(KEYS[5], KEYS[6], tonumber(ARGV[6])) end
publish(channel, lines)
local left = redis.call('SCARD', of_node)
if left == 0 then redis.call('SREM', KEYS[2], room) end
return left
