-- How long nodes live, held in the hash of leases: life → its state. A node has
-- one life after the other: another one begins where the store may have forgotten
-- something of the last. No clock is in it: nodes see for themselves how long
-- a state has not changed.
--   `beat`           it lives: how often it was renewed
--   `ended`          it was given up, or something of it was lost
--   `swept WORD`     somebody takes its presence away

-- The beat of a life that lasts, or nothing.
local function beat_of(state) return tonumber(string.match(state or '', '^%d+$') or nil) end
