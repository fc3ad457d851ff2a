"""Writes photos.json: small pictures and what they are in sRGB, for tests/experiment/photos/colours_test.cpp.

    make_photos_golden.py

Needs numpy and Pillow. Each case has a file's bytes and 8-bit sRGB pixels, both in hexadecimal. The pixels of pictures with an ICC profile
are those of Pillow's ImageCms (Little CMS: relative colorimetric, black point compensation); of matrix profiles and of PNG's gamma and
chromaticities they are computed from the formulas as well, and the script stops unless both agree within one level.
"""
import io
import json
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

HERE = os.path.dirname(os.path.abspath(__file__))
D50 = np.array([0.9642, 1.0, 0.8249])
SRGB = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
P3 = [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)]
ADOBE = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]
D65 = (0.3127, 0.3290)
cases = []


def xyz(xy):
    return np.array([xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]])


def to_d50(primaries, white=D65):
    """Linear RGB to XYZ under D50, adapted after Bradford."""
    columns = np.stack([xyz(p) for p in primaries], 1)
    matrix = columns * np.linalg.solve(columns, xyz(white))
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gains = (bradford @ D50) / (bradford @ xyz(white))
    return np.linalg.inv(bradford) @ np.diag(gains) @ bradford @ matrix


def srgb_light(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb_value(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def formula(values, primaries, light_of, alpha=None):
    """values in [0, 1] -> 8-bit sRGB, over black in linear light."""
    light = light_of(values) @ (np.linalg.inv(to_d50(SRGB)) @ to_d50(primaries)).T
    if alpha is not None:
        light = np.clip(light, 0, 1) * alpha[..., None]
    return np.floor(255 * srgb_value(light) + 0.5).astype(np.uint8)


# ---- ICC profiles, version 2

def s15(x):
    return struct.pack(">i", round(x * 65536))


def profile(space, pcs, tags):
    body, table, offset, places = b"", b"", 128 + 4 + 12 * len(tags), {}
    for name, data in tags:
        data += b"\0" * (-len(data) % 4)
        if data not in places:
            places[data] = offset + len(body)
            body += data
        table += name + struct.pack(">II", places[data], len(data))
    size = offset + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr" if space != b"CMYK" else b"prtr", space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + b"".join(map(s15, D50))
    return head + b"\0" * (128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def text(name, words):
    if name == b"desc":
        return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" * 79
    return b"text\0\0\0\0" + words + b"\0"


def common(words):
    return [(b"desc", text(b"desc", words)), (b"cprt", text(b"cprt", b"none")),
            (b"wtpt", b"XYZ \0\0\0\0" + b"".join(map(s15, D50)))]


def curve(gamma=None, table=None):
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    return b"curv\0\0\0\0" + struct.pack(">I", len(table)) + struct.pack(f">{len(table)}H", *table)


SRGB_TABLE = [round(65535 * float(srgb_light(np.array(i / 255)))) for i in range(256)]


def rgb_profile(primaries, trc):
    matrix = to_d50(primaries)
    tags = common(b"test RGB")
    for i, c in enumerate("rgb"):
        tags.append((f"{c}XYZ".encode(), b"XYZ \0\0\0\0" + b"".join(map(s15, matrix[:, i]))))
    return profile(b"RGB ", b"XYZ ", tags + [(f"{c}TRC".encode(), trc) for c in "rgb"])


def gray_profile(gamma):
    return profile(b"GRAY", b"XYZ ", common(b"test gray") + [(b"kTRC", curve(gamma))])


def cmyk_profile():
    """A2B0 of two nodes for each ink: Lab of white less what each ink takes. Black ink alone leaves L = 12."""
    lut = b"mft2\0\0\0\0" + struct.pack(">4B", 4, 3, 2, 0) + b"".join(map(s15, np.eye(3).ravel())) + struct.pack(">HH", 2, 2)
    lut += struct.pack(">8H", *([0, 65535] * 4))
    for node in range(16):
        c, m, y, k = [node >> i & 1 for i in (3, 2, 1, 0)]
        lightness = (97 - 30 * c - 35 * m - 8 * y) * (1 - 0.88 * k)
        a, b = (-35 * c + 70 * m - 3 * y) * (1 - k), (-50 * c - 3 * m + 88 * y) * (1 - k)
        lut += struct.pack(">3H", round(lightness / 100 * 65280), round((a + 128) * 256), round((b + 128) * 256))
    lut += struct.pack(">6H", *([0, 65535] * 3))
    return profile(b"CMYK", b"Lab ", common(b"test CMYK") + [(b"A2B0", lut), (b"A2B1", lut)])


# ---- files

def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(rows, width, depth, kind, before=(), between=(), interlace=0):
    """rows: bytes of each row, without filter."""
    head = struct.pack(">2I5B", width, len(rows), depth, kind, 0, 0, interlace)
    data = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*c) for c in before)
            + chunk(b"IDAT", zlib.compress(data, 9)) + b"".join(chunk(*c) for c in between) + chunk(b"IEND", b""))


def rows16(values):
    return [row.astype(">u2").tobytes() for row in values]


def rows8(values):
    return [row.astype(np.uint8).tobytes() for row in values]


def gama(g):
    return (b"gAMA", struct.pack(">I", round(g * 100000)))


def chrm(primaries, white=D65):
    return (b"cHRM", struct.pack(">8I", *[round(100000 * x) for xy in [white, *primaries] for x in xy]))


def iccp(data):
    return (b"iCCP", b"test\0\0" + zlib.compress(data, 9))


def jpeg(image, icc, quality=95, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=0, icc_profile=icc, **options)
    return out.getvalue()


def managed(image, icc):
    """By Little CMS."""
    srgb = ImageCms.createProfile("sRGB")
    done = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), srgb, outputMode="RGB",
                                     renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                                     flags=ImageCms.Flags.BLACKPOINTCOMPENSATION)
    return np.asarray(done)


def agree(a, b, name):
    worst = int(np.abs(a.astype(int) - b.astype(int)).max())
    assert worst <= 1, f"{name}: the formula and Little CMS differ by {worst}"
    return a


def add(name, data, rgb, tolerance):
    cases.append({"name": name, "height": rgb.shape[0], "width": rgb.shape[1], "tolerance": tolerance,
                  "file": data.hex(), "rgb": np.ascontiguousarray(rgb, np.uint8).tobytes().hex()})


H, W = 8, 12
y, x = np.mgrid[0:H, 0:W]
smooth = np.stack([20 + 20 * x, 30 + 28 * y, 235 - 9 * x - 14 * y], -1).astype(np.uint8)
gray = (10 + 20 * x + 2 * y).astype(np.uint8)
decoded = lambda data: np.asarray(Image.open(io.BytesIO(data)))  # noqa: E731

p3, adobe = rgb_profile(P3, curve(table=SRGB_TABLE)), rgb_profile(ADOBE, curve(2.19921875))
for name, icc, primaries, light in (("p3", p3, P3, srgb_light), ("adobe", adobe, ADOBE, lambda v: v ** 2.19921875)):
    data = jpeg(Image.fromarray(smooth), icc)
    want = formula(decoded(data) / 255, primaries, light)
    add(f"jpeg_{name}", data, agree(want, managed(Image.open(io.BytesIO(data)), icc), name), 1)
    data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [iccp(icc)])
    add(f"png_{name}", data, agree(formula(smooth / 255, primaries, light), managed(Image.fromarray(smooth), icc), name), 1)

# A profile in three segments (APP2), the last first.
data = jpeg(Image.fromarray(smooth), None)
want = formula(decoded(data) / 255, P3, srgb_light)
third = len(p3) // 3 + 1
for i in range(3):
    part = b"ICC_PROFILE\0" + bytes([i + 1, 3]) + p3[i * third:(i + 1) * third]
    data = data[:2] + b"\xff\xe2" + struct.pack(">H", len(part) + 2) + part + data[2:]
add("jpeg_profile_in_three_segments", data, want, 1)

icc = gray_profile(1.8)
data = jpeg(Image.fromarray(gray), icc)
light = np.repeat((decoded(data) / 255)[..., None] ** (round(1.8 * 256) / 256), 3, -1)
add("jpeg_gray", data, np.floor(255 * srgb_value(light) + 0.5), 1)
data = png(rows8(gray), W, 8, 0, [iccp(icc)])
light = np.repeat((gray / 255)[..., None] ** (round(1.8 * 256) / 256), 3, -1)
add("png_gray", data, np.floor(255 * srgb_value(light) + 0.5), 1)
data = jpeg(Image.fromarray(gray), adobe)
want = formula(np.repeat((decoded(data) / 255)[..., None], 3, -1), ADOBE, lambda v: v ** 2.19921875)
add("jpeg_gray_with_rgb_profile", data, want, 1)

inks = np.stack([255 - smooth[..., 0], 255 - smooth[..., 1], 255 - smooth[..., 2], 20 * x + 5 * y], -1).astype(np.uint8)
icc = cmyk_profile()
data = jpeg(Image.fromarray(inks, "CMYK"), icc)
image = Image.open(io.BytesIO(data))
assert image.mode == "CMYK" and image.info.get("adobe") is not None
add("jpeg_cmyk", data, managed(image, icc), 1)

# sRGB's own profile, as another program writes it: nothing changes.
own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
data = jpeg(Image.fromarray(smooth), own)
add("jpeg_srgb", data, decoded(data), 0)
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [iccp(own)])
add("png_srgb", data, smooth, 0)
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [(b"sRGB", b"\0"), gama(1.0)])
add("png_srgb_chunk_counts_before_gamma", data, smooth, 0)

# ---- PNG

fine = np.stack([5461 * x + 300 * y, 9000 * y + 99 * x, 65535 - 5000 * x], -1).clip(0, 65535)
data = png(rows16(fine.reshape(H, -1)), W, 16, 2)
add("png_16_bit", data, np.floor(fine / 257 + 0.5), 0)
data = png(rows16(fine.reshape(H, -1)), W, 16, 2, [gama(1 / 2.2), chrm(SRGB)])
add("png_16_bit_with_srgbs_gamma", data, np.floor(fine / 257 + 0.5), 0)
dark = (fine // 24)
data = png(rows16(dark.reshape(H, -1)), W, 16, 2, [gama(1.0)])
add("png_16_bit_linear", data, formula(dark / 65535, SRGB, lambda v: v), 1)
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [gama(1 / 1.8)])
add("png_gamma_1.8", data, formula(smooth / 255, SRGB, lambda v: v ** (1 / 0.55556)), 1)
data = png(rows8(gray), W, 8, 0, [gama(1.0), chrm(P3)])
add("png_gray_linear", data, formula(np.repeat((gray / 255)[..., None], 3, -1), SRGB, lambda v: v), 1)
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [chrm(P3), gama(1 / 2.2)])
add("png_p3_chromaticities", data, formula(smooth / 255, P3, srgb_light), 1)
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, [(b"cICP", bytes([12, 13, 0, 1])), gama(1.0)])
add("png_p3_cicp", data, formula(smooth / 255, P3, srgb_light), 1)

palette = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 100, 50]], np.uint8)
alphas = np.array([255, 128, 0], np.uint8)  # the fourth is opaque
index = (x + y) % 4
packed = [bytes(int("".join(f"{i:02b}" for i in row[k:k + 4]), 2) for k in range(0, W, 4)) for row in index]
data = png(packed, W, 2, 3, [(b"PLTE", palette.tobytes()), (b"tRNS", alphas.tobytes())])
over = np.append(alphas, 255)[index] / 255
add("png_palette_with_transparency", data, formula(palette[index] / 255, SRGB, srgb_light, over), 1)
ga = np.stack([gray, (x * 23).clip(0, 255)], -1)
data = png(rows8(ga.reshape(H, -1)), W, 8, 4)
add("png_gray_with_alpha", data, formula(np.repeat(gray[..., None], 3, -1) / 255, SRGB, srgb_light, ga[..., 1] / 255), 1)
rgba = np.concatenate([fine, (x * 5957).clip(0, 65535)[..., None]], -1)
data = png(rows16(rgba.reshape(H, -1)), W, 16, 6, [iccp(p3)])
add("png_16_bit_p3_with_alpha", data, formula(fine / 65535, P3, srgb_light, rgba[..., 3] / 65535), 2)
key = (b"tRNS", struct.pack(">H", int(gray[2, 3])))
data = png(rows8(gray), W, 8, 0, [key])
add("png_gray_with_a_transparent_key", data, np.repeat(np.where(gray == gray[2, 3], 0, gray)[..., None], 3, -1), 0)
frames = [(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", struct.pack(">5I2H2B", 0, W, H, 0, 0, 1, 10, 0, 0))]
second = [(b"fcTL", struct.pack(">5I2H2B", 1, W, H, 0, 0, 1, 10, 0, 0)),
          (b"fdAT", struct.pack(">I", 2) + zlib.compress(b"".join(b"\0" + bytes(3 * W) for _ in range(H))))]
data = png(rows8(smooth.reshape(H, -1)), W, 8, 2, frames, second)
add("png_animation", data, smooth, 0)

# Interlaced, by Adam7.
passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
for name, values, before, want, tolerance in (
        ("png_interlaced", smooth, [], smooth, 0),
        ("png_interlaced_p3", smooth, [iccp(p3)], formula(smooth / 255, P3, srgb_light), 1)):
    lines = b""
    for row, column, down, right in passes:
        part = values[row::down, column::right]
        lines += b"".join(b"\0" + line.tobytes() for line in part) if part.size else b""
    head = struct.pack(">2I5B", W, H, 8, 2, 0, 0, 1)
    data = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*c) for c in before)
            + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))
    assert np.array_equal(decoded(data), values)
    add(name, data, want, tolerance)

# Kinds of JPEG, without a profile: libjpeg decides, Pillow reads by it too.
for name, options in (("progressive", {"progressive": True}), ("restarts", {"restart_marker_blocks": 1}),
                      ("optimised", {"optimize": True})):
    out = io.BytesIO()
    Image.fromarray(np.kron(smooth, np.ones((3, 2, 1), np.uint8))).save(out, "JPEG", quality=90, subsampling=2, **options)
    add(f"jpeg_{name}", out.getvalue(), decoded(out.getvalue()), 0)

with open(os.path.join(HERE, "photos.json"), "w") as file:
    file.write("{\"cases\": [\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
print(len(cases), os.path.getsize(os.path.join(HERE, "photos.json")))
