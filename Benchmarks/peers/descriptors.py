"""Local descriptors of images as vectors of 128 numbers, so that an index meets data of SIFT's kind.

    descriptors.py --images X.npy --out Y.npy [--side 28]

IMAGES holds an image a row, side × side numbers. Each becomes one descriptor as Lowe's (2004, doi:10.1023/B:VISI.0000029664.99615.94):
gradients weighted by a Gaussian around the middle, 4 × 4 cells of 8 orientations, votes shared between neighbouring cells and orientations, scaled to
length 1, cut at 0.2, scaled again, as whole numbers up to 255.
"""

import argparse


def descriptors(images, side):
    import numpy

    pictures = images.reshape(-1, side, side).astype(numpy.float32)
    down, right = numpy.gradient(pictures, axis=(1, 2))
    axis = numpy.arange(side) - (side - 1) / 2
    weight = numpy.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * (side / 2) ** 2)).astype(numpy.float32)
    strength = numpy.hypot(down, right) * weight
    turn = (numpy.arctan2(down, right) / (2 * numpy.pi) % 1) * 8
    # How much of a pixel falls to each of four cells along one side.
    place = (numpy.arange(side) + 0.5) / side * 4 - 0.5
    cells = numpy.maximum(0, 1 - numpy.abs(place[:, None] - numpy.arange(4)[None])).astype(numpy.float32)
    out = numpy.empty((len(pictures), 4, 4, 8), numpy.float32)
    for bin in range(8):
        distance = numpy.abs((turn - bin + 4) % 8 - 4)
        votes = strength * numpy.maximum(0, 1 - distance)
        out[:, :, :, bin] = numpy.einsum("nyx,ya,xb->nab", votes, cells, cells, optimize=True)
    out = out.reshape(-1, 128)
    for limit in (0.2, None):
        out /= numpy.maximum(numpy.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        if limit:
            out = numpy.minimum(out, limit)
    return numpy.minimum(numpy.rint(out * 512), 255).astype(numpy.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--side", type=int, default=28)
    arguments = parser.parse_args()
    import numpy

    images = numpy.load(arguments.images, mmap_mode="r")
    rows = [descriptors(numpy.asarray(images[i : i + 2000]), arguments.side) for i in range(0, len(images), 2000)]
    numpy.save(arguments.out, numpy.concatenate(rows))


if __name__ == "__main__":
    main()
