"""A law of images whose truth is known: pixel-art faces of independent attributes.

- `sprites`: the attributes, their values, and how a face is drawn from them
- `law`: `FaceLaw`, faces without end on any device, to train on
- `reading`: the attributes of any image, by the nearest face that there is
"""
