-- What the directory says of rooms.
--
-- KEYS: of each room the head, members, rules, online hash
-- ARGV: who looks
-- Gives of each `-` where it is not to be listed for them, else when something happened there last,
--   how many members there are and how many are there now; and what is said of it (may be empty)

local now, answer = clock_ms(), {}
for k = 1, #KEYS, 4 do
  local head, members, rules, online = unpack(KEYS, k, k + 3)
  local held = redis.call('GET', head)
  local room = held and read_head(held)
  local n = #answer
  if not room or kind_of(room) ~= 'public' or denied_to_read(room, members, rules, ARGV[1], now) then
    answer[n + 1], answer[n + 2] = '-', ''
  else
    answer[n + 1] = room.ts_digits .. ' ' .. redis.call('ZCARD', members) .. ' ' .. redis.call('HLEN', online)
    answer[n + 2] = redis.call('HGET', rules, 'description') or ''
  end
end
return answer
