-- What the heads of many rooms say.
--
-- KEYS: heads
-- Gives of each kind, name (may be empty), epoch, seq; four empty strings where there is no such room.

local answer = {}
for _, head in ipairs(redis.call('MGET', unpack(KEYS))) do
  local epoch, seq, kind, name = string.match(head or '', '^(%S+) (%d+) %d+ %S+ (%S+) (.*)$')
  answer[#answer + 1] = kind or ''
  answer[#answer + 1] = name or ''
  answer[#answer + 1] = epoch or ''
  answer[#answer + 1] = seq or ''
end
return answer
