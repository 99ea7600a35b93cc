"""`vocative setup`: asks its owner about each part, tries it, and writes the configuration. One step a module.

Question (pure) ──► Walk.ask ──► Terminal            what is asked, and how it is typed
a step ──► Bench: a board of any settings, what is connected
       └─► Walk.put("microphone.device", …)          nothing is written before the very end
"""
