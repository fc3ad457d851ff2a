"""scripts/convert_broden.py on a made-up folder of Broden's layout: python3 broden_test.py SOURCE_TREE. Exits with 77 without numpy and Pillow."""

import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image
except ImportError:
    print("skipped: no numpy, or no Pillow")
    sys.exit(77)


def write_rgb(path, labels):
    rgb = np.zeros((*labels.shape, 3), dtype=np.uint8)
    rgb[..., 0], rgb[..., 1] = labels % 256, labels // 256
    Image.fromarray(rgb).save(path)


def make(broden):
    os.makedirs(os.path.join(broden, "images", "ade"))
    for name in ("ade/a.png", "ade/b.png", "ade/none.png"):
        Image.fromarray(np.full((4, 6, 3), 90, dtype=np.uint8)).save(os.path.join(broden, "images", name))
    write_rgb(os.path.join(broden, "images", "ade", "a_object.png"), np.array([[300, 0, 2], [300, 2, 2]]))
    write_rgb(os.path.join(broden, "images", "ade", "a_part.png"), np.array([[0, 0, 2], [0, 0, 0]]))
    write_rgb(os.path.join(broden, "images", "ade", "b_color.png"), np.array([[1, 1, 1], [0, 0, 1]]))
    with open(os.path.join(broden, "label.csv"), "w", encoding="utf-8") as file:
        file.write("number,name,category,frequency,coverage,syns\n1,red-c,color(5),5,1,\n2,wheel,object(1);part(7),8,1,\n"
                   "7,\"street, wide\",scene(3),3,1,\n300,car,object(9),9,1,\n")
    with open(os.path.join(broden, "index.csv"), "w", encoding="utf-8") as file:
        file.write("image,split,ih,iw,sh,sw,color,object,part,material,scene,texture\n"
                   "ade/a.png,train,4,6,2,3,,ade/a_object.png,ade/a_part.png,,7,\n"
                   "ade/b.png,val,4,6,2,3,ade/b_color.png,,,,,\nade/none.png,train,4,6,2,3,,,,,,\n")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    script = os.path.join(sys.argv[1], "scripts", "convert_broden.py")
    with tempfile.TemporaryDirectory() as folder:
        broden, out = os.path.join(folder, "broden"), os.path.join(folder, "out")
        make(broden)
        subprocess.run([sys.executable, script, broden, out], check=True)
        assert read(out + "/concepts.csv") == \
            'id,name,category\n1,red-c,color\n2,wheel,part\n7,"street, wide",scene\n300,car,object\n', read(out + "/concepts.csv")
        assert read(out + "/annotated.csv") == ("image,category\nade/a.png,object\nade/a.png,part\nade/a.png,scene\n"
                                                "ade/b.png,color\n"), read(out + "/annotated.csv")
        objects = np.asarray(Image.open(out + "/masks/object_0/ade/a.png"))
        wide = np.array([[300, 0, 2], [300, 2, 2]]).repeat(2, axis=0).repeat(2, axis=1)
        assert (objects == wide).all(), objects
        assert (np.asarray(Image.open(out + "/masks/scene_whole_0/ade/a.png")) == 7).all()
        assert not os.path.exists(out + "/images/ade/none.png")
        refused = subprocess.run([sys.executable, script, broden, out], capture_output=True, text=True, check=False)
        assert refused.returncode == 1 and "is not empty" in refused.stderr, refused
        subprocess.run([sys.executable, script, broden, out + "2", "--split", "val"], check=True)
        assert os.listdir(out + "2/images/ade") == ["b.png"]
        if len(sys.argv) > 2:  # phosphene and a network: the product reads what was written
            subprocess.run([sys.argv[2], "dissect", sys.argv[3], "--data", out, "--layer", sys.argv[4], "--quantile", ".1", "--out",
                            os.path.join(folder, "run")], check=True)


main()
