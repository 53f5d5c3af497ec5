-- Ends a life. Whoever it has anywhere stays for the grace time; then another node takes them away.
--
-- KEYS: the leases, the rooms of the life
-- ARGV: the life

if not living(redis.call('HGET', KEYS[1], ARGV[1])) then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], 'ended')
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
