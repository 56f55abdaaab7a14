"""Legacy data: profiles that describe a source's files, and the readers that apply them.

``read.read(profile, paths)`` turns files into canonical records, rows set aside with their reasons,
findings that name their place, and totals that prove nothing was lost. Nothing here touches the
database. See ``docs/profiles.md``.
"""
