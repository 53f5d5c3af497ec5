-- Documents as they lie there, with the time.
--
-- KEYS: of each document its key
-- Gives the time in milliseconds, then of each document its text; an empty one where there is none

local answer = { digits(clock_ms()) }
for k, text in ipairs(redis.call('MGET', unpack(KEYS))) do answer[k + 1] = text or '' end
return answer
