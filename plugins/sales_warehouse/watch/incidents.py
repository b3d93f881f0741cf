class NotDecidable(ValueError): ...
class D:
    decision_id="D1"; kind="k"; by="b"
def decide(home, key, *, at, **said):
    (home.dir/"stub.txt").open("a").write(repr((key, at, said))+"\n")
    return D
