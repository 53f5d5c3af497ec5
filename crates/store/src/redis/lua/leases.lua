-- All lives and their states. It writes nothing, but does not say so: where Redis refuses
-- to write, nobody can renew a lease, and nobody is to be thought dead.
--
-- KEYS: the leases

return redis.call('HGETALL', KEYS[1])
