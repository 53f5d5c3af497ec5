-- What the meta hashes of many rooms say.
--
-- KEYS: metas
-- Gives of each kind, name, epoch, seq; four empty strings where there is no such room.

local answer = {}
for _, key in ipairs(KEYS) do
  local meta = redis.call('HMGET', key, 'kind', 'name', 'head')
  local epoch, seq = string.match(meta[3] or '', '^(%S+) (%d+) ')
  answer[#answer + 1] = meta[1] or ''
  answer[#answer + 1] = meta[2] or ''
  answer[#answer + 1] = epoch or ''
  answer[#answer + 1] = seq or ''
end
return answer
