-- How long nodes live, held in the hash of leases: life → its state. A node has
-- one life after the other: another one begins where the store may have forgotten
-- something of the last. No clock is in it: nodes see for themselves how long
-- a state has not changed.
--   `beat change`    it lives: how often it was renewed, and which change of presence was the last
--   `ended`          it was given up, or something of it was lost
--   `swept WORD`     somebody takes its presence away

-- The beat and the change of a life that lasts, or nothing.
local function living(state)
  local beat, change = string.match(state or '', '^(%d+) (%d+)$')
  return tonumber(beat or nil), tonumber(change or nil)
end

-- Whether the store has all that the node heard of: it may have lost its last writes.
local function is_whole(beat, change, heard_beat, heard_change)
  return beat >= tonumber(heard_beat) and change >= tonumber(heard_change)
end
