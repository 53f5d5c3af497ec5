-- Holds a user who makes a room to their limits, and notes it. What they made is held as the
-- time at which all of it will have been paid off, a room after the other.
--
-- KEYS: the user's rooms, what they made
-- ARGV: the room, of how many rooms the user may be a member, how many they may make in an hour (0: no limit)
-- Gives nothing where they may, else `rooms`, or `made` and the time to wait.

local HOUR_MS = 3600000

local most, per_hour = tonumber(ARGV[2]), tonumber(ARGV[3])
if most > 0 and redis.call('HLEN', KEYS[1]) >= most and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return { 'rooms' } end
if per_hour == 0 then return {} end
local now = clock_ms()
-- The clock may have been set back.
local paid = math.min(tonumber(redis.call('GET', KEYS[2]) or nil) or 0, now + HOUR_MS)
paid = math.floor(math.max(paid, now) + HOUR_MS / per_hour)
if paid > now + HOUR_MS then return { 'made', digits(paid - now - HOUR_MS) } end
redis.call('SET', KEYS[2], digits(paid), 'PX', math.max(1, paid - now))
return {}
