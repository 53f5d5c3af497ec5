-- What the meta hashes of many rooms say.
--
-- KEYS: metas
-- Gives of each kind, name, epoch, seq; four empty strings where there is no such room.

local answer = {}
for _, key in ipairs(KEYS) do
  local meta = redis.call('HMGET', key, 'kind', 'name', 'epoch', 'seq')
  for i = 1, 4 do answer[#answer + 1] = meta[i] or '' end
end
return answer
