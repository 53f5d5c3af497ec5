-- The pins of a room: numbers of messages in one rule, in the order in which they were pinned.

-- Those that are above the floor.
local function pins_of(room, rules, floor)
  local _, letters = kind_of(room)
  local pins = {}
  if not string.find(letters, LETTERS.pins, 1, true) then return pins end
  for number in string.gmatch(redis.call('HGET', rules, 'pins') or '', '%d+') do
    if tonumber(number) > floor then pins[#pins + 1] = number end
  end
  return pins
end

local function take_pin(pins, number)
  for i, other in ipairs(pins) do
    if other == number then return table.remove(pins, i) end
  end
end

local function write_pins(room, rules, pins)
  if #pins == 0 then
    redis.call('HDEL', rules, 'pins')
    take_letter(room, LETTERS.pins)
  else
    redis.call('HSET', rules, 'pins', table.concat(pins, ' '))
    set_letter(room, LETTERS.pins)
  end
end

-- A message is there no more.
local function unpin(room, rules, number)
  local pins = pins_of(room, rules, 0)
  if take_pin(pins, number) then write_pins(room, rules, pins) end
end
