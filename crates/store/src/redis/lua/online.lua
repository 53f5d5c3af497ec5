-- Who is in rooms, on any node: in as many of them as takes little to read.
--
-- KEYS: of each room the time of presence of its partition, its online hash
-- ARGV: at most how many users of a room, after how many users in all no more rooms are read
-- Gives of each room, in their order and at least of one, the time of the last transition, the
--   count, how many users are given, and those as JSON.

local most, enough = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer, read = {}, 0
for k = 1, #KEYS, 2 do
  if read >= enough then break end
  local key = KEYS[k + 1]
  local count = redis.call('HLEN', key)
  local values, step = {}, 1
  if count > most then
    -- Names and values by turns.
    values, step = redis.call('HRANDFIELD', key, most, 'WITHVALUES'), 2
  elseif count > 0 then
    values = redis.call('HVALS', key)
  end
  answer[#answer + 1] = redis.call('GET', KEYS[k]) or '0'
  answer[#answer + 1] = count
  answer[#answer + 1] = #values / step
  for i = step, #values, step do
    local _, json = split(values[i])
    answer[#answer + 1] = json
  end
  read = read + #values / step
end
return answer
