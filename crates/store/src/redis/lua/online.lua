-- Who is in a room, on any node.
--
-- KEYS: the room's online hash
-- ARGV: at most how many users
-- Gives the count, the time in microseconds, and users as JSON.

local most = tonumber(ARGV[1])
local count = redis.call('HLEN', KEYS[1])
local answer = { count, string.format('%.0f', clock_us()) }
local values
if count <= most then
  values = redis.call('HVALS', KEYS[1])
else
  values = {}
  local pairs_of = redis.call('HRANDFIELD', KEYS[1], most, 'WITHVALUES')
  for i = 2, #pairs_of, 2 do values[#values + 1] = pairs_of[i] end
end
for _, value in ipairs(values) do
  local _, json = split(value)
  answer[#answer + 1] = json
end
return answer
