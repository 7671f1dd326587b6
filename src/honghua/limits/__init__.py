"""Limits: who is approved, for how much, at what price, how a limit grows and shrinks, and limits bound to a scene or in a coupon.

Words: an *applicant* is a person as plain values, each of which may be unknown; *willingness* and *ability* are two scores, each a
chance; a *rulebook* is policy, scorecards and terms under one digest; the *ceiling* is the most that risk approved for a person, all
parts together; a *grant* is a limit for one scene, which a *coupon* may carry; *headroom* is ceiling less everything given; the
*suggestion* is what is affordable. Invariants: suggestion ≤ limit ≤ ceiling ≤ statutory room; a price never exceeds its cap and depends
on risk alone; no grant is used beyond its amount, its days or the headroom; an application judges the same again, bit for bit.
"""
